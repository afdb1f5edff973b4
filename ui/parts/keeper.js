// Keeps the token of this tab over a reload; it goes with the tab. Nothing else on the page can ask for it by name.

const PLACE = "laud-token";

export default function ({ data, setStateValue }) {
  try {
    if (data.forget) sessionStorage.removeItem(PLACE);
    else if (data.token) sessionStorage.setItem(PLACE, data.token);
    else if (sessionStorage.getItem(PLACE)) setStateValue("token", sessionStorage.getItem(PLACE));
  } catch {
    // A browser that keeps nothing: the token is asked for again.
  }
}
