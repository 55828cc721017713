// The access token: asked for when execd wants one, and changed or forgotten by a button.
import { accessToken, onUnauthorized, setToken } from './api.js'
import { button, h } from './dom.js'

export function tokenDialog(opener) {
  const field = h('input', { type: 'password', id: 'token-field', autocomplete: 'current-password', required: true, spellcheck: 'false' })
  const wrong = h('p', { class: 'wrong', role: 'alert' })
  const forgetting = button('Forget it', () => forget(), { class: 'quiet' })
  const dialog = h('dialog', { 'aria-labelledby': 'token-title' }, h('form', { method: 'dialog', onsubmit: () => use(field.value) },
    h('h2', { id: 'token-title' }, 'Access token'),
    h('p', {}, 'This execd wants the token that it was started with. The page keeps it until this tab is closed.'),
    h('label', { for: 'token-field' }, 'Token'), field, wrong,
    h('menu', {}, forgetting, h('button', { type: 'submit', class: 'primary' }, 'Use it'))))
  document.body.append(dialog)
  opener.addEventListener('click', () => open())

  let waiting = []

  function open() {
    forgetting.hidden = !accessToken()
    if (!dialog.open) dialog.showModal()
    field.focus()
  }

  function use(token) {
    setToken(token)
    field.value = ''
    opener.hidden = !token
    for (const go of waiting) go()
    waiting = []
  }

  function forget() {
    setToken('')
    location.reload()
  }

  opener.hidden = !accessToken()
  dialog.addEventListener('cancel', (event) => { if (waiting.length) event.preventDefault() })

  // Several requests may be refused at once; each that used an older token just tries again.
  onUnauthorized((used) => {
    if (used !== accessToken()) return Promise.resolve()
    wrong.textContent = used ? 'execd refused the token.' : ''
    open()
    return new Promise((resolve) => waiting.push(resolve))
  })
}
