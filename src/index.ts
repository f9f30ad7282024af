import { defaultExecutor } from './engine/executor.ts';
import { LocalExecutor } from './executors/local-executor.ts';

export { context } from './engine/context.ts';
export type { Context } from './engine/context.ts';
export type { Executor, FlowRunFacts, Session, SessionListener } from './engine/executor.ts';
export { FlowState } from './engine/flow-state.ts';
export type { FlowStatistics, Output } from './engine/flow-state.ts';
export { Flow } from './engine/flow.ts';
export type { FlowOptions, FlowRunName, FlowRunOptions, FlowStateHandler, VisualizeOptions } from './engine/flow.ts';
export type { ServeOptions, TaskQuery } from './engine/flow.ts';
export { inspectSerializable, isSerializable } from './engine/inspect-serializable.ts';
export type { InspectOptions, SerializationFault, SerializationReport } from './engine/inspect-serializable.ts';
export type { Logger } from './engine/logger.ts';
export { attachLogger } from './engine/loggers/attach.ts';
export type { AttachDebugOptions, AttachLoggerOptions, DebugLibrary, WriteLine } from './engine/loggers/attach.ts';
export type { ScheduledRun, Served } from './engine/schedule-loop.ts';
export { ifElse, merge, switchCase } from './flow/control.ts';
export { flatten, mapped, Node, unmapped } from './flow/node.ts';
export type { Flattened, Mapped, Unmapped } from './flow/node.ts';
export { DateParameter, Parameter } from './flow/parameter.ts';
export type { ParameterOptions, StandardSchema } from './flow/parameter.ts';
export * as signals from './flow/signals.ts';
export { State } from './flow/state.ts';
export type { StateType } from './flow/state.ts';
export { task, Task } from './flow/task.ts';
export type { ErrorClass, TaskCopyOptions, TaskOptions, TaskStateHandler } from './flow/settings.ts';
export * as triggers from './flow/triggers.ts';
export type { Bounds, Trigger } from './flow/triggers.ts';
export type { Duration } from './lib/duration.ts';
export { HeddleError, UsageError } from './lib/heddle-error.ts';
export { RemoteError, ThrownValueError } from './values/thrown.ts';
export { NotSerializableError } from './values/travels.ts';
export type { LogLevel, LogRecord } from './lib/log-record.ts';

// A flow that names no executor runs right here. Only this file stands above both the engine and the executors.
defaultExecutor.make = () => new LocalExecutor();
