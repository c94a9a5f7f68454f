// What the browser says of a passkey (cancelled, none here, timed out) is said on the page.
document.addEventListener('allauth.error', (event) => {
  event.preventDefault()
  const problem = document.getElementById('passkey-problem')
  problem.hidden = false
})
