import { useEffect, useState } from "preact/hooks";
import type { Size } from "./layout.ts";

/** What is scrolled, once it is on the page. */
interface Frame {
  readonly current: HTMLElement | null;
}

/** The size that a frame has when it comes onto the page; null before. */
export function useFirstSize(frame: Frame): Size | null {
  const [size, setSize] = useState<Size | null>(null);
  useEffect(() => {
    const { clientWidth: width, clientHeight: height } = frame.current!;
    setSize({ width, height });
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
