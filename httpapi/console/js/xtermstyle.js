// xterm.js puts its styles into style elements and style attributes. The page's policy takes neither, because what is let in
// for one would be let in for all. The same by way of the CSSOM is no inline style: only code that runs anyway gets there.

const createElement = document.createElement.bind(document)

// A style element for xterm.js is one that does nothing, with a style sheet that it does not know of.
function styleElement() {
  const element = createElement('template')
  const sheet = new CSSStyleSheet()
  document.adoptedStyleSheets.push(sheet)
  Object.defineProperty(element, 'textContent', { set: (text) => sheet.replaceSync(text) })
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet)
    Element.prototype.remove.call(element)
  }
  return element
}

document.createElement = (name, ...options) => (name === 'style' ? styleElement() : createElement(name, ...options))

HTMLSpanElement.prototype.setAttribute = function (name, value) {
  if (name === 'style') this.style.cssText = value
  else Element.prototype.setAttribute.call(this, name, value)
}
