/* A graphic as a web component by the rules of OGraf (EBU, version 1): our page in a frame, let on and taken off by whoever renders it.
   Its numbers come by the page's own feed; what an editor sets is where from and how. */

const READY_MS = 10_000;
/** How long a page takes to leave, ms: see graphics.css. */
const LEAVING_MS = 450;

const failed = (statusCode, statusMessage) => ({ statusCode, statusMessage });
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The element of the graphic called ``name``, with its numbers from ``usual`` unless its data name another gateway. */
export function graphic(name, usual) {
  return class extends HTMLElement {
    #frame = null;
    #data = {};
    #step = undefined; // 0 while it may be on air; there is no other

    async load({ data, renderType } = {}) {
      if (renderType === "non-realtime") return failed(400, "a live graphic cannot be rendered beforehand");
      return this.#open(data ?? {});
    }

    async dispose() {
      this.#frame?.remove();
      this.#frame = null;
      this.#data = {};
      this.#step = undefined;
      return { statusCode: 200 };
    }

    /** On at its one step; a step further is the end. */
    async playAction({ goto, delta, skipAnimation } = {}) {
      if (!this.#frame) return failed(409, `${name} is not loaded`);
      const target = goto ?? (this.#step ?? -1) + (delta ?? 1);
      if (target !== 0) return { ...(await this.stopAction({ skipAnimation })), currentStep: undefined };
      this.#step = 0;
      this.#tell("play", skipAnimation);
      return { statusCode: 200, currentStep: 0 };
    }

    async stopAction({ skipAnimation } = {}) {
      if (!this.#frame) return failed(409, `${name} is not loaded`);
      this.#step = undefined;
      this.#tell("stop", skipAnimation);
      if (!skipAnimation) await wait(LEAVING_MS);
      return { statusCode: 200 };
    }

    async updateAction({ data } = {}) {
      return this.#open({ ...this.#data, ...data });
    }

    async customAction({ id } = {}) {
      return failed(400, `${name} has no action ${id}`);
    }

    #tell(word, still) {
      this.#frame.contentWindow.postMessage({ touchline: word, still: Boolean(still) }, "*");
    }

    /** The page as ``data`` want it, on or off as it was; the one before stays until the new one is there. */
    async #open(data) {
      const { gateway, ...said } = data;
      const asked = Object.entries(said).filter(([, value]) => value !== null && value !== undefined && value !== "");
      const address = `${(gateway || usual).replace(/\/+$/, "")}/graphics/${name}?${new URLSearchParams([...asked, ["held", "1"]])}`;
      this.#data = data;
      if (this.#frame?.src === address) return { statusCode: 200 };
      const frame = document.createElement("iframe");
      frame.src = address;
      frame.style.cssText = "position: absolute; inset: 0; width: 100%; height: 100%; border: 0; background: transparent; color-scheme: normal;";
      const ready = new Promise((resolve) => {
        const heard = ({ source, data: told }) => { if (source === frame.contentWindow && told?.touchline === "ready") end(true); };
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
      if (this.#data !== data) { // somebody has asked for something else meanwhile, or for nothing any more
        frame.remove();
        return { statusCode: 200 };
      }
      this.#frame?.remove();
      this.#frame = frame;
      if (this.#step === 0) this.#tell("play", true);
      return { statusCode: 200 };
    }
  };
}
