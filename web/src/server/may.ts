// May I do this at all? As the server says of my role: what it would refuse is not offered.
import { session } from './session.svelte'

/** By the names that the description of the API has for them. */
export type Operation =
  | 'acceptACounter'
  | 'acknowledgeAlarm'
  | 'approve'
  | 'askTechnician'
  | 'cancel'
  | 'clearAlarm'
  | 'grantSiteRequest'
  | 'hold'
  | 'makeProposal'
  | 'patchEngagement'
  | 'patchJob'
  | 'pickTechnician'
  | 'postBonus'
  | 'postSendBack'
  | 'publishJob'
  | 'putAlarmBack'
  | 'releaseTechnician'
  | 'resume'
  | 'snoozeAlarm'

export const may = (operation: Operation): boolean => session.me?.may.includes(operation) ?? false
