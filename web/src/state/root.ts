// The path below which the site lies: "" or "/some/path". The server writes it into the page.
const root = document.querySelector<HTMLMetaElement>('meta[name="tintype-root"]')?.content ?? "";

/** The address of a path of this site as the browser must ask for it. What the server itself names has the root already. */
export function at(path: string): string {
  return root + path;
}

/** A path of this site from an address that the browser shows. */
export function within(address: string): string {
  return root && address.startsWith(`${root}/`) ? address.slice(root.length) : address;
}
