/** Where the gateway is: where the page came from, or the script of the widgets. */

let base = new URL("./", document.baseURI);

/** The address of the gateway, ending with a slash. */
export function home(): URL {
  return base;
}

/** Take another gateway than that of the page. */
export function comeFrom(address: URL): void {
  base = address;
}
