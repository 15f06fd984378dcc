// The login form of Gradio knows a right password and a wrong one. Who has tried too often is told so here.
(() => {
  const real = window.fetch;
  window.fetch = async (...call) => {
    const answer = await real(...call);
    const address = String(call[0]?.url ?? call[0]);
    if (answer.status === 429 && new URL(address, location.href).pathname.endsWith('/login')) {
      const { detail } = await answer.clone().json();
      let said = document.getElementById('too-many');
      if (!said) {
        said = document.createElement('p');
        said.id = 'too-many';
        said.setAttribute('role', 'alert');
        said.style.cssText = 'position:fixed;inset:1rem 1rem auto;margin:auto;max-width:30rem;padding:.8rem 1rem;'
          + 'border-radius:.6rem;background:#8c1d18;color:#fff;font:1rem/1.4 system-ui,sans-serif;text-align:center;z-index:99';
        document.body.append(said);
      }
      said.textContent = detail;
    }
    return answer;
  };
})();
