// What do the pages of work orders share?
import type { Schemas } from '../server/api'

export { route } from './route'

export type Job = Schemas['JobOut']
export type JobLine = Schemas['JobLine']
export type Reach = Schemas['ReachOut']
export type Rule = Schemas['RuleOut']

/** A code as people read it: `background_check` is "background check". */
export const plain = (code: string): string => code.replaceAll('_', ' ')
