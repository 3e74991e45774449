/* Browsers start no worker from a disk (file://), and the site's search is one. There its script runs in a hidden frame
   instead: what the page posts arrives in the frame as a message, and what the script posts is a message of the worker.
   The theme asks for the name IFrameWorker, and takes its addresses from the first script of the frame. */
"use strict";
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    #frame = document.createElement("iframe");
    #ready;

    constructor(address) {
      super();
      this.#frame.hidden = true;
      document.body.append(this.#frame);
      const inside = this.#frame.contentWindow;
      inside.document.open();
      inside.document.close();
      inside.postMessage = (data) => setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data })));
      inside.importScripts = async (...addresses) => {
        for (const one of addresses) await this.#load(one);
      };
      this.#ready = this.#load(address);
    }

    #load(address) {
      return new Promise((done, failed) => {
        const script = this.#frame.contentDocument.createElement("script");
        script.onload = done;
        script.onerror = () => failed(new Error(`${address} cannot be read`));
        script.src = address;
        this.#frame.contentDocument.body.append(script);
      });
    }

    postMessage(data) {
      this.#ready.then(() => this.#frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      this.#frame.remove();
    }
  };
  window.Worker = window.IFrameWorker;
}
