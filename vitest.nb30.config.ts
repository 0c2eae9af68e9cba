import { defineConfig } from 'vitest/config';
export default defineConfig({ test: { include: ['**/*.test.ts'], exclude: ['**/node_modules/**','dist/**'], env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }, testTimeout: 30000, expect: { poll: { timeout: 15000 } }, hookTimeout: 30000 } });
