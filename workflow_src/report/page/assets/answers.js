// Retrieval of one clip in both directions: ranks, and what was found where it is known.

const rowsOfClip = data.clips.map(() => []);
data.rows.forEach((clip, row) => rowsOfClip[clip].push(row));
const textOfRow = data.rows.map((clip, row) =>
  data.clips[clip].references[rowsOfClip[clip].indexOf(row)]);

const rankText = (rank, of) => make("span", { className: "rank" }, ` rank ${rank} of ${of}`);

function playSmall(clip) {
  const key = data.clips[clip].sound;
  if (!key) return null;
  const button = make("button", { type: "button", "aria-pressed": "false", className: "play" }, "Play");
  button.addEventListener("click", () => player.toggle(key, button, null));
  return button;
}

function foundClips(found, clip, open) {
  return make("ol", {}, ...found.map((other) => {
    const link = make("a", { href: "#clips" }, data.clips[other].references[0]);
    link.addEventListener("click", (event) => { event.preventDefault(); open(other); });
    return make("li", { className: other === clip ? "true" : "" }, playSmall(other),
      other === clip ? `✓ this clip: ${data.clips[other].references[0]}` : link);
  }));
}

// What a retriever (one of data.retrieval) does with a clip; open(clip) shows another.
function answers(own, clip, open) {
  const toAudio = make("div", { className: "answers" });
  data.clips[clip].references.forEach((text, place) => {
    const row = rowsOfClip[clip][place];
    const rank = rankText(own.t2a[clip][place], data.clips.length);
    toAudio.append(own.found
      ? make("details", { open: place === 0 }, make("summary", {}, `“${text}”`, rank),
        foundClips(own.found.t2a[row], clip, open))
      : make("p", { className: "query" }, `“${text}”`, rank));
  });
  const toText = make("div", { className: "answers" },
    make("p", { className: "query" }, "Best of its own captions:", rankText(own.a2t[clip], data.rows.length)));
  if (own.found) {
    toText.append(make("ol", {}, ...own.found.a2t[clip].map((row) =>
      make("li", { className: data.rows[row] === clip ? "true" : "" },
        `${data.rows[row] === clip ? "✓ " : ""}${textOfRow[row]}`))));
  }
  return make("div", {},
    make("h4", {}, `Audio to text, ${systemName(own)}`), toText,
    make("h4", {}, `Text to audio, ${systemName(own)}`), toAudio);
}
