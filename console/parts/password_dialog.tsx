import { useEffect, useRef } from "preact/hooks";
import { givePassword, password, passwordAsked } from "../api/password.ts";

/** Asks for the password, above everything else, as soon as the instance wants it. */
export function PasswordDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = passwordAsked.value;
  useEffect(() => {
    if (asked) dialog.current?.showModal();
    else dialog.current?.close();
  }, [asked]);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="password-title">
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          givePassword(
            String(new FormData(event.currentTarget).get("password") ?? ""),
          );
        }}
      >
        <h2 id="password-title">Password of this instance</h2>
        <p>
          {password.value === null
            ? "It shows rows to whoever knows its password."
            : "That was not its password. Try again."}
        </p>
        <label>
          Password
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            required
          />
        </label>
        <p class="muted">
          It is kept until this tab is closed, and sent to this instance alone.
        </p>
        <div class="actions">
          <button type="submit" class="primary">Show the console</button>
        </div>
      </form>
    </dialog>
  );
}
