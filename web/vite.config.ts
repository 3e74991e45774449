import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server's policy allows nothing inline: no module-preload script, no small files as data addresses.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/tintype/server/static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    target: "es2022",
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});
