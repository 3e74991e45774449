// What a browser sees of an image: how colourful it is, and how far its luma is from another's.

/** Mean red, green, blue of a small square; x and y from 0 to 1. */
export function spot(page, url, x, y) {
  return page.evaluate(
    async ([source, across, down]) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const side = Math.max(3, Math.round(canvas.width / 60));
      const { data } = context.getImageData(across * canvas.width - side / 2, down * canvas.height - side / 2, side, side);
      const sums = [0, 0, 0];
      for (let at = 0; at < data.length; at += 4) for (const band of [0, 1, 2]) sums[band] += data[at + band];
      return sums.map((sum) => (4 * sum) / data.length);
    },
    [url, x, y],
  );
}

/** Colour without light: Cb and Cr of red, green, blue. */
export const chroma = ([red, green, blue]) => [
  -0.168736 * red - 0.331264 * green + 0.5 * blue,
  0.5 * red - 0.418688 * green - 0.081312 * blue,
];

/** Runs in the page: pixels of two addresses, compared. */
export function compare(page, grey, colour) {
  return page.evaluate(
    async ([first, second]) => {
      const read = async (url) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, canvas.width, canvas.height);
      };
      const [one, two] = [await read(first), await read(second)];
      const sums = { greySpread: 0, colourSpread: 0, luma: 0, changed: 0 };
      const count = one.data.length / 4;
      for (let at = 0; at < one.data.length; at += 4) {
        const [a, b] = [one, two].map(({ data }) => [data[at], data[at + 1], data[at + 2]]);
        const luma = ([red, green, blue]) => 0.299 * red + 0.587 * green + 0.114 * blue;
        const spread = (pixel) => Math.max(...pixel) - Math.min(...pixel);
        sums.greySpread += spread(a) / count;
        sums.colourSpread += spread(b) / count;
        sums.luma += Math.abs(luma(a) - luma(b)) / count;
        sums.changed += (a.some((value, channel) => Math.abs(value - b[channel]) > 2) ? 1 : 0) / count;
      }
      return { ...sums, sizes: [one, two].map(({ width, height }) => `${width}x${height}`) };
    },
    [grey, colour],
  );
}
