// What a browser sees of an image: how colourful it is, and how far its luma is from another's.

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
