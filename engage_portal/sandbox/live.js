// Keeps state and lists fresh while somebody reads or types. Without it the page offers a link that refreshes itself.
(() => {
  "use strict";
  const parts = ["state", "switches", "files", "activity"];
  document.getElementById("refresh").hidden = true;
  const refresh = async () => {
    if (document.hidden) return;
    let fresh;
    try {
      const answer = await fetch("/?live=1", { cache: "no-store" });
      fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      document.querySelector("#state h1").textContent = "The sandbox does not answer";
      return;
    }
    document.title = fresh.title;
    for (const id of parts) {
      const was = document.getElementById(id);
      const now = fresh.getElementById(id);
      if (was && now && was.outerHTML !== now.outerHTML) was.replaceWith(now);
    }
  };
  setInterval(refresh, 3000);
})();
