export const scopes = ['sessions:read', 'sessions:write', 'steps:run'] as const;
export type Scope = (typeof scopes)[number];
