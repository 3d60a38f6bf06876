// What stands on a map of the phone? A place with what is said of it; before it is mine, the middle of a large cell.
export type Spot = { key: string; lat: number; lng: number; words: string; isExact: boolean }
