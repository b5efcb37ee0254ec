/** The desk as static files: one page at `/`, hashed assets below `/desk/`, nothing inline, nothing from elsewhere. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: 'dist',
    assetsDir: 'desk',
    // As data: they would be refused by the page's policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
  },
  // For `vite web`: the API of a running `npm start`.
  server: { proxy: { '/v1': 'http://127.0.0.1:3000', '/openapi.json': 'http://127.0.0.1:3000' } },
});
