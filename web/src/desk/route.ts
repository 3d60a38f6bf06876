// Which page of the desk is open?
import { Route } from '../ui/route.svelte'

export const route = new Route('/desk')
