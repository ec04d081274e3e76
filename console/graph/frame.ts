import { useEffect, useState } from "preact/hooks";
import type { Size } from "./layout.ts";

/** Sizes are told apart in steps, so that nothing is placed anew with every pixel. */
const STEP = 80;

/** What is scrolled, once it is on the page. */
interface Frame {
  readonly current: HTMLElement | null;
}

/** The size of a frame, in steps. */
export function useSize(frame: Frame): Size {
  const [size, setSize] = useState<Size>({ width: 960, height: 640 });
  useEffect(() => {
    const steps = (pixels: number) => Math.max(1, Math.round(pixels / STEP)) * STEP;
    const element = frame.current!;
    const look = () => {
      const { clientWidth, clientHeight } = element;
      setSize({ width: steps(clientWidth), height: steps(clientHeight) });
    };
    look();
    const resized = new ResizeObserver(look);
    resized.observe(element);
    return () => resized.disconnect();
  }, []);
  return size;
}

/** Moves what is scrolled with the mouse; fingers and keys scroll by themselves. */
export function useDrag(frame: Frame): void {
  useEffect(() => {
    const element = frame.current!;
    const ending = new AbortController();
    element.addEventListener("pointerdown", (down) => {
      if (down.pointerType !== "mouse" || (down.target as Element).closest(".node") !== null) return;
      const { scrollLeft, scrollTop } = element;
      element.setPointerCapture(down.pointerId);
      element.onpointermove = (move) => {
        element.scrollLeft = scrollLeft - (move.clientX - down.clientX);
        element.scrollTop = scrollTop - (move.clientY - down.clientY);
      };
      element.onpointerup = () => element.onpointermove = null;
    }, { signal: ending.signal });
    return () => ending.abort();
  }, []);
}
