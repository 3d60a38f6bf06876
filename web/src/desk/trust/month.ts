// From which day to which is a month? `2027-02` is from the first to the 28th.

export function spanOf(month: string): { from_day: string; to_day: string } {
  const [year, number] = month.split('-').map(Number) as [number, number]
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate()
  return { from_day: `${month}-01`, to_day: `${month}-${String(last).padStart(2, '0')}` }
}
