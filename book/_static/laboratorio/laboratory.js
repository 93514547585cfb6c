"use strict";
// O que a página carrega antes de qualquer pedido: um botão em cada estação, e o necessário para que
// ele traga a rede. Nada mais é pedido até que alguém o aperte.

const laboratory = {
  home: new URL(".", document.currentScript.src).href,
  stations: {},   // nome -> { needs, open }, que cada arquivo de estação preenche
  received: {},   // o que cada script entregou, pelo nome
  loading: {},    // os scripts já pedidos

  receive(name, value) {
    this.received[name] = value;
  },

  // Traz um arquivo da pasta do laboratório, uma vez só.
  load(file) {
    this.loading[file] ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = this.home + file;
      script.onload = done;
      script.onerror = () => {
        delete this.loading[file];
        failed(Error(`não foi possível carregar ${file}; se há conexão, tente de novo`));
      };
      document.head.append(script);
    });
    return this.loading[file];
  },

  async need(...names) {
    await Promise.all(names.map((name) => this.load(`${name}.js`)));
    return names.map((name) => this.received[name]);
  },

  // O botão de uma estação, que traz os arquivos dela e a abre no lugar.
  offer(place) {
    const name = place.dataset.station;
    const button = document.createElement("button");
    const said = document.createElement("p");
    button.type = "button";
    button.textContent = "Ligar a rede";
    const heading = place.closest("section")?.querySelector("h2, h3")?.cloneNode(true);
    heading?.querySelector(".headerlink")?.remove();
    const title = heading?.textContent.trim();
    if (title) button.setAttribute("aria-label", `Ligar a rede: ${title}`);
    said.setAttribute("role", "status");
    place.append(button, said);
    button.onclick = async ({ detail }) => {
      button.disabled = true;
      said.textContent = "Trazendo a rede…";
      try {
        await this.need("motor", "panel", name);
        await this.stations[name](place);
        // o botão saiu da página: quem o apertou sem mouse continua no que veio no lugar dele
        if (detail === 0 && document.activeElement === document.body)
          place.querySelector("[tabindex], select, iframe").focus();
      } catch (error) {
        button.disabled = false;
        said.textContent = `A estação não abriu: ${error.message}.`;
      }
    };
  },
};

document.addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("link");
  Object.assign(style, { rel: "stylesheet", href: `${laboratory.home}laboratory.css` });
  document.head.append(style);
  document.querySelectorAll(".laboratory[data-station]").forEach((place) => laboratory.offer(place));
});
