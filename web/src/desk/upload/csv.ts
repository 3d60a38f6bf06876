// How is a table written as CSV? Cells with commas, quotes or breaks are quoted, as RFC 4180 has it.
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

export function csvOf(columns: readonly string[], rows: readonly Record<string, string>[]): string {
  return [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))]
    .map((line) => line.map(cell).join(','))
    .join('\n')
}

export const EXAMPLE = csvOf(
  ['number', 'store_number', 'title', 'job_type', 'start', 'end', 'duration_min', 'skills', 'credentials', 'pay'],
  [
    {
      number: 'WO-1001',
      store_number: '1042',
      title: 'Replace drive',
      job_type: 'hardware',
      start: '2027-03-01 09:00',
      end: '2027-03-01 13:00',
      duration_min: '60',
      skills: 'hvac:2;wifi',
      credentials: 'background_check',
      pay: '140.00',
    },
  ],
)
