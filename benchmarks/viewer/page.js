// Runs before the viewer: counts what it gives the graphics card, and how long frames take.
(() => {
  const told = { calls: 0, vertices: 0, buffers: 0, textures: 0, mostBuffers: 0, tileBytes: 0 };
  performance.setResourceTimingBufferSize(100_000);
  // Of what came over the network, packed as it was.
  new PerformanceObserver((list) => {
    for (const { name, encodedBodySize } of list.getEntries()) {
      if (name.includes(".glb")) told.tileBytes += encodedBodySize;
    }
  }).observe({ type: "resource", buffered: true });
  const sizes = new WeakMap();
  let context = null;
  const wrap = (proto, name, before) => {
    const real = proto[name];
    proto[name] = function (...given) {
      before.call(this, ...given);
      return real.apply(this, given);
    };
  };
  const gl = WebGL2RenderingContext.prototype;
  const drawn = (count) => {
    told.calls += 1;
    told.vertices += count;
  };
  wrap(gl, "drawElements", (_mode, count) => drawn(count));
  wrap(gl, "drawArrays", (_mode, _first, count) => drawn(count));
  wrap(gl, "drawElementsInstanced", (_mode, count, _type, _at, times) => drawn(count * times));
  wrap(gl, "drawArraysInstanced", (_mode, _first, count, times) => drawn(count * times));

  const BOUND = { [gl.ARRAY_BUFFER]: gl.ARRAY_BUFFER_BINDING, [gl.ELEMENT_ARRAY_BUFFER]: gl.ELEMENT_ARRAY_BUFFER_BINDING };
  const held = (kind, object, bytes) => {
    if (object === null) return;
    told[kind] += bytes - (sizes.get(object) ?? 0);
    sizes.set(object, bytes);
    told.mostBuffers = Math.max(told.mostBuffers, told.buffers);
  };
  wrap(gl, "bufferData", function (target, data) {
    const bound = BOUND[target];
    if (bound !== undefined) held("buffers", this.getParameter(bound), data?.byteLength ?? Number(data));
  });
  wrap(gl, "deleteBuffer", (buffer) => buffer && held("buffers", buffer, 0));
  const texture = function (target, _level, _format, width, height) {
    if (target !== gl.TEXTURE_2D || typeof height !== "number") return;
    held("textures", this.getParameter(gl.TEXTURE_BINDING_2D), 4 * width * height);
  };
  wrap(gl, "texImage2D", texture);
  wrap(gl, "texStorage2D", texture);
  wrap(gl, "deleteTexture", (made) => made && held("textures", made, 0));

  // The viewer shows less where a CPU draws: a name of a card makes it ask for all that cards get.
  const UNMASKED_RENDERER = 0x9246;
  const getParameter = gl.getParameter;
  gl.getParameter = function (name) {
    const card = new URLSearchParams(location.search).get("card");
    return name === UNMASKED_RENDERER && card !== null ? card : getParameter.call(this, name);
  };

  const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (...given) {
    const made = getContext.apply(this, given);
    if (made instanceof WebGL2RenderingContext && this.closest?.("#scene")) context = made;
    return made;
  };

  // Only reading a pixel waits until the frame has been drawn.
  const drain = () => {
    if (context === null) return;
    context.bindFramebuffer(context.FRAMEBUFFER, null);
    context.readPixels(0, 0, 1, 1, context.RGBA, context.UNSIGNED_BYTE, new Uint8Array(4));
  };
  const real = window.requestAnimationFrame.bind(window);
  let frame = null;
  window.requestAnimationFrame = (callback) =>
    real((time) => {
      const [calls, vertices] = [told.calls, told.vertices];
      const began = performance.now();
      callback(time);
      if (told.calls === calls) return;
      const script = performance.now() - began;
      drain();
      frame = {
        ms: performance.now() - began,
        script,
        calls: told.calls - calls,
        vertices: told.vertices - vertices,
      };
      window.lastFrame = frame;
      window.framesDrawn = (window.framesDrawn ?? 0) + 1;
    });
  window.told = told;

  /** Go to a view and return what its frames take. */
  window.framesAt = async (view, count) => {
    const frames = [];
    for (let n = 0; n < count; n += 1) {
      const before = window.framesDrawn ?? 0;
      location.hash = view.replace("HEADING", String(0.01 * n));
      while ((window.framesDrawn ?? 0) === before) await new Promise((done) => setTimeout(done, 1));
      frames.push(window.lastFrame);
    }
    return frames;
  };
})();
