/** In whose days a year of pay begins and ends, and a tax class that is entered counts: as `TAX_ZONE` of the API's side. */
export const TAX_ZONE = 'America/New_York'
