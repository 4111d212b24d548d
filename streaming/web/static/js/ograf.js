/* A graphic as a web component by the rules of OGraf (EBU, version 1): our page in a frame, let on and taken off by whoever renders it.
   Its numbers come by the page's own feed; what an editor sets is where from and how. */

const READY_MS = 10_000;

const failed = (statusCode, statusMessage) => ({ statusCode, statusMessage });

/** The element of the graphic called ``name``, with its data from ``usual`` unless they name another gateway. */
export function graphic(name, usual) {
  return class extends HTMLElement {
    #frame = null;
    #playing = false;

    async load({ data, renderType } = {}) {
      if (renderType === "non-realtime") return failed(400, "a live graphic cannot be rendered beforehand");
      return this.#open(data ?? {});
    }

    async dispose() {
      this.#frame?.remove();
      this.#frame = null;
      return { statusCode: 200 };
    }

    async playAction() {
      return this.#tell("play", { currentStep: 0 });
    }

    async stopAction() {
      return this.#tell("stop");
    }

    async updateAction({ data } = {}) {
      return this.#open(data ?? {});
    }

    async customAction({ id } = {}) {
      return failed(400, `${name} has no action ${id}`);
    }

    #tell(word, more = {}) {
      if (!this.#frame) return failed(409, `${name} is not loaded`);
      this.#playing = word === "play";
      this.#frame.contentWindow.postMessage({ touchline: word }, "*");
      return { statusCode: 200, ...more };
    }

    /** The page as ``data`` want it, on or off as it was; the one before stays until the new one is there. */
    async #open({ gateway, ...said }) {
      const asked = Object.entries(said).filter(([, value]) => value !== null && value !== undefined && value !== "");
      const address = `${(gateway || usual).replace(/\/+$/, "")}/graphics/${name}?${new URLSearchParams([...asked, ["held", "1"]])}`;
      if (this.#frame?.src === address) return { statusCode: 200 };
      const frame = document.createElement("iframe");
      frame.src = address;
      frame.style.cssText = "position: absolute; inset: 0; width: 100%; height: 100%; border: 0; background: transparent; color-scheme: normal;";
      const ready = new Promise((resolve) => {
        const heard = ({ source, data }) => { if (source === frame.contentWindow && data?.touchline === "ready") end(true); };
        const late = setTimeout(() => end(false), READY_MS);
        const end = (there) => { clearTimeout(late); removeEventListener("message", heard); resolve(there); };
        addEventListener("message", heard);
      });
      if (!this.style.position) this.style.cssText += "position: absolute; inset: 0; display: block;";
      this.append(frame);
      if (!(await ready)) {
        frame.remove();
        return failed(504, `${address} did not answer within ${READY_MS / 1000} s`);
      }
      this.#frame?.remove();
      this.#frame = frame;
      if (this.#playing) this.#tell("play");
      return { statusCode: 200 };
    }
  };
}
