/* A graphic as a web component by the rules of OGraf (EBU, version 1): our page in a frame, put on and taken off the air by the renderer.
   Its values are those of the page's own feed; an editor sets the gateway and the page's parameters. */

const READY_MS = 10_000;
/** How long a page takes to leave, ms: see graphics.css. */
const LEAVING_MS = 450;

const failed = (statusCode, statusMessage) => ({ statusCode, statusMessage });
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The element of the graphic called ``name``, with its values from ``defaultGateway`` unless its data name another. */
export function graphic(name, defaultGateway) {
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
      this.#post("play", skipAnimation);
      return { statusCode: 200, currentStep: 0 };
    }

    async stopAction({ skipAnimation } = {}) {
      if (!this.#frame) return failed(409, `${name} is not loaded`);
      this.#step = undefined;
      this.#post("stop", skipAnimation);
      if (!skipAnimation) await wait(LEAVING_MS);
      return { statusCode: 200 };
    }

    async updateAction({ data } = {}) {
      return this.#open({ ...this.#data, ...data });
    }

    async customAction({ id } = {}) {
      return failed(400, `${name} has no action ${id}`);
    }

    #post(word, still) {
      this.#frame.contentWindow.postMessage({ touchline: word, still: Boolean(still) }, "*");
    }

    /** Load the page for ``data``, on or off the air as it was; the old page stays until the new one is ready. */
    async #open(data) {
      const { gateway, ...parameters } = data;
      const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
      const address = `${(gateway || defaultGateway).replace(/\/+$/, "")}/graphics/${name}?${new URLSearchParams([...given, ["held", "1"]])}`;
      this.#data = data;
      if (this.#frame?.src === address) return { statusCode: 200 };
      const frame = document.createElement("iframe");
      frame.src = address;
      frame.style.cssText = "position: absolute; inset: 0; width: 100%; height: 100%; border: 0; background: transparent; color-scheme: normal;";
      const ready = new Promise((resolve) => {
        const onMessage = ({ source, data: message }) => { if (source === frame.contentWindow && message?.touchline === "ready") end(true); };
        const late = setTimeout(() => end(false), READY_MS);
        const end = (there) => { clearTimeout(late); removeEventListener("message", onMessage); resolve(there); };
        addEventListener("message", onMessage);
      });
      if (!this.style.position) this.style.cssText += "position: absolute; inset: 0; display: block;";
      this.append(frame);
      if (!(await ready)) {
        frame.remove();
        return failed(504, `${address} did not answer within ${READY_MS / 1000} s`);
      }
      if (this.#data !== data) { // other data were set meanwhile, or the graphic was disposed of
        frame.remove();
        return { statusCode: 200 };
      }
      this.#frame?.remove();
      this.#frame = frame;
      if (this.#step === 0) this.#post("play", true);
      return { statusCode: 200 };
    }
  };
}
