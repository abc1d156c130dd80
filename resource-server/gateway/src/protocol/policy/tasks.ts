import type { RpcRequest } from '../../backends/json-rpc.ts'
import type { ServerDescription } from '../../backends/types.ts'
import type { Exchange } from '../exchange.ts'

/**
 * May the caller have tasks? A task is of no tool and of no caller that could be judged: where the service is shared it
 * may be another caller's, and where tools can be refused, one of a tool that is.
 */
export function mayHaveTasks({ service, tools }: Pick<Exchange, 'service' | 'tools'>): boolean {
  return service.isolation !== 'shared' && !tools.refuses
}

/** Is it about a task that was started before? */
export function isAboutTask({ method }: RpcRequest): boolean {
  return method.startsWith('tasks/')
}

/** A call that would be run as a task is made as any other (MCP 2025-11-25, Tasks, "Task Support and Handling"). */
export function withoutTask(request: RpcRequest): RpcRequest {
  if (request.method !== 'tools/call' || request.params?.['task'] === undefined) return request
  const { task: _, ...params } = request.params
  return { ...request, params }
}

/** The backend as it is told of where there are no tasks. */
export function withoutTasks(server: ServerDescription): ServerDescription {
  const { tasks: _, ...capabilities } = server.capabilities
  return { ...server, capabilities }
}
