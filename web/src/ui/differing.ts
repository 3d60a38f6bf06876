// What did somebody change in a form?

/** What differs from what the form began with, as text; nothing where nothing does. */
export function differing<T extends object>(form: T, first: T): Partial<T> {
  const names = ([...new Set([...Object.keys(first), ...Object.keys(form)])] as (keyof T)[]).filter((name) =>
    // An empty field is as good as one that is not there.
    name in first ? JSON.stringify(form[name]) !== JSON.stringify(first[name]) : form[name] !== '',
  )
  return Object.fromEntries(names.map((name) => [name, form[name]])) as Partial<T>
}
