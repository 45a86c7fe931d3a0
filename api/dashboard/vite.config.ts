import { defineConfig } from "vite";

// The page is served by the API from api/static under `default-src 'self'`: nothing inline, nothing from elsewhere.
export default defineConfig({
  base: "/",
  build: {
    outDir: "../static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // a data: address would need a wider policy
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: {
    proxy: { "/v1": { target: "http://127.0.0.1:8000", ws: true } },
  },
});
