// First of all: who has put us into a bundle hears of that there, before anything else of ours is missing.
import './lib/version.ts';
import { defaultExecutor } from './engine/flow-run/executor.ts';
import { ranHere } from './executors/not-used.ts';
import { LocalExecutor } from './executors/local-executor.ts';

export { context, renameFlowRun } from './engine/context.ts';
export type { Context } from './engine/context.ts';
export type { Executor, FlowRunFacts, Session, SessionListener } from './engine/flow-run/executor.ts';
export { FlowState } from './engine/flow-run/flow-state.ts';
export type { FlowStatistics, Output } from './engine/flow-run/flow-state.ts';
export { Flow } from './engine/flow-run/flow.ts';
export type { FlowOptions, FlowStateHandler } from './engine/flow-run/flow.ts';
export type {
  FlowRunName,
  FlowRunOptions,
  ScheduledRun,
  Served,
  ServeOptions,
  TaskQuery,
  VisualizeOptions,
} from './engine/flow-run/flow-options.ts';
export { registerError, registerType } from './engine/types.ts';
export { inspectSerializable, isSerializable } from './engine/inspect-serializable.ts';
export type { InspectOptions, SerializationFault, SerializationReport } from './engine/inspect-serializable.ts';
export type { Logger } from './engine/logger.ts';
export { attachLogger } from './engine/loggers/attach.ts';
export type { AttachDebugOptions, AttachLoggerOptions, DebugLibrary, WriteLine } from './engine/loggers/attach.ts';
export { ifElse, merge, switchCase } from './flow/control.ts';
export { flatten, mapped, Node, unmapped } from './flow/node.ts';
export type { Flattened, Mapped, Unmapped } from './flow/node.ts';
export { DateParameter, Parameter } from './flow/parameter.ts';
export type { ParameterOptions, StandardSchema } from './flow/parameter.ts';
export { Resource } from './flow/resource.ts';
export { resourceManager } from './flow/resource-manager.ts';
export type { ResourceManager, ResourceOptions } from './flow/resource-manager.ts';
export { sensor } from './flow/sensor.ts';
export * as signals from './flow/signals.ts';
export { State } from './flow/state.ts';
export type { StateType } from './flow/state.ts';
export { CheckedTask as Task, task } from './flow/task.ts';
export type { StoringOptions } from './flow/storing.ts';
export type { ErrorClass, SensorOptions, TaskCopyOptions, TaskOptions } from './flow/settings.ts';
export type { TaskRunName, TaskRunNameFacts, TaskStateHandler } from './flow/settings.ts';
export { triggers } from './flow/triggers.ts';
export type { Bounds, Trigger } from './flow/triggers.ts';
export type { Duration } from './lib/duration.ts';
export { HeddleError, UsageError } from './lib/heddle-error.ts';
export { slackNotifier } from './notifications/slack.ts';
export type { Notifier, SlackOptions } from './notifications/slack.ts';
export { RemoteError, ThrownValueError } from './values/error-record.ts';
export { transfer } from './values/transfer.ts';
export { NotSerializableError } from './values/travels.ts';
export type { Check } from './values/travels.ts';
export type { ClassOf, ErrorCodec, TypeCodec } from './values/types.ts';
// With a star, others can add to it: `declare module 'heddle'`.
export type * from './values/registered-types.ts';
export type { LogLevel, LogRecord } from './lib/log-record.ts';
export { cacheValidators } from './results/cache-validators.ts';
export type { CachedEntry, CacheQuestion, CacheValidator } from './results/cache-validators.ts';
export { LocalResult } from './results/local-result.ts';
export type { LocalResultOptions } from './results/local-result.ts';
export type { LocationFacts } from './results/location-facts.ts';
export { registerResultKind } from './results/result-kinds.ts';
export type { ResultMaker } from './results/result-kinds.ts';
export type { Result, ResultDescription } from './results/result.ts';
export { registerSerializer, serializerOf } from './results/serializer-names.ts';
export type { Serializer } from './results/serializer.ts';
export { serializers } from './results/serializers.ts';
export type { CompressionFormat } from './results/serializers.ts';

// A flow that names no executor runs right here. Only this file stands above both the engine and the executors.
defaultExecutor.make = () => {
  ranHere();
  return new LocalExecutor();
};
