/** The folder's public face. */
export { type Clock } from './clock';
export { type ConnectorRegistry } from './connector-host';
export { createDeliveryEngine, type DeliveryEngine, type DeliveryEngineDeps } from './engine';
export { type Log } from './log';
export {
  type DeliveryResources,
  type DeliveryRules,
  type DeliveryTargets,
  type FanOutStore,
  type MembershipDeltas,
  type MembershipJournal,
  type WorkQueue,
} from './ports';
export { ENGINE_TIMES, type EngineTimes } from './times';
