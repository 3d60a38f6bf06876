// What did somebody change in a form?

/** What differs from what the form began with, as text; nothing where nothing does. */
export function differing<T extends object>(form: T, first: T): Partial<T> {
  const names = (Object.keys(first) as (keyof T)[]).filter(
    (name) => JSON.stringify(form[name]) !== JSON.stringify(first[name]),
  )
  return Object.fromEntries(names.map((name) => [name, form[name]])) as Partial<T>
}
