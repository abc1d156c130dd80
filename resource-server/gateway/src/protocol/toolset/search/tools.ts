import type { JsonObject } from '../../../backends/json-rpc.ts'

export const searchToolName = 'mcp_search_tool'
export const useToolName = 'mcp_use_tool'

const text = (description: string): JsonObject => ({ type: 'string', description })

/** The two tools of a toolset in search mode, as the originals have them. */
export const searchTools: readonly JsonObject[] = [
  {
    name: searchToolName,
    title: 'Search tools',
    description:
      'Finds the tools that fit a task best. Answers with a line of text and, on the second line, a JSON array of ' +
      '{server_id, server_name, tool_id, tool_name, description, input_schema}. Call what you have chosen with mcp_use_tool.',
    inputSchema: {
      type: 'object',
      properties: {
        task_description: {
          type: 'array',
          items: { type: 'string' },
          description: 'What is to be done, one sentence for each task',
        },
      },
      required: ['task_description'],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    name: useToolName,
    title: 'Use tools',
    description:
      'Calls tools that mcp_search_tool has found, with arguments that fit their input_schema. Answers with a JSON array ' +
      'of {result} in the order of the calls.',
    inputSchema: {
      type: 'object',
      properties: {
        use_tool_info: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              server_id: text('As mcp_search_tool gave it'),
              server_name: text('As mcp_search_tool gave it'),
              tool_id: text('As mcp_search_tool gave it'),
              tool_name: text('As mcp_search_tool gave it'),
              argument: { type: 'object', description: 'The arguments of the tool' },
            },
            required: ['server_id', 'tool_name'],
          },
          description: 'The tools to call',
        },
      },
      required: ['use_tool_info'],
    },
  },
]
