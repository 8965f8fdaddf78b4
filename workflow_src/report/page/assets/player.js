// One sound at a time, with a playhead over the picture that it belongs to.

const player = {
  audio: new Audio(),
  sounds: null,
  picture: null,
  button: null,

  // Parsed when the first sound plays: it is most of the page.
  address(key) {
    this.sounds ||= JSON.parse(byId("sounds").textContent);
    return this.sounds[key];
  },

  stop() {
    this.audio.pause();
    if (this.button) {
      this.button.textContent = "Play";
      this.button.setAttribute("aria-pressed", "false");
    }
    if (this.picture) this.picture.querySelector(".playhead").hidden = true;
    this.picture = this.button = null;
  },

  async play(key, button, picture, share = 0) {
    this.stop();
    [this.button, this.picture] = [button || null, picture || null];
    if (button) {
      button.textContent = "Stop";
      button.setAttribute("aria-pressed", "true");
    }
    this.audio.src = this.address(key);
    this.audio.currentTime = 0;
    try {
      if (share) {
        await new Promise((ready) => this.audio.addEventListener("loadedmetadata", ready, { once: true }));
        this.audio.currentTime = share * this.audio.duration;
      }
      await this.audio.play();
    } catch (error) {
      // Another sound was started, or this browser cannot play the format.
      if (error.name !== "AbortError" && button) button.textContent = "Cannot be played here";
      return;
    }
    const follow = () => {
      if (!this.picture || this.audio.paused) return;
      const head = this.picture.querySelector(".playhead");
      head.hidden = false;
      head.style.left = `${(100 * this.audio.currentTime) / (this.audio.duration || 1)}%`;
      requestAnimationFrame(follow);
    };
    follow();
  },

  toggle(key, button, picture) {
    const playing = this.button === button && button && !this.audio.paused;
    if (playing) this.stop();
    else this.play(key, button, picture);
  },
};
player.audio.addEventListener("ended", () => player.stop());

// A picture with a sound: a press plays from there.
function connect(picture, button) {
  const key = picture.dataset.sound;
  if (!key) return;
  if (button) button.addEventListener("click", () => player.toggle(key, button, picture));
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    player.play(key, button, picture, (event.clientX - box.left) / box.width);
  });
}

for (const card of document.querySelectorAll(".heard")) {
  connect(card.querySelector(".picture"), card.querySelector(".play"));
}
