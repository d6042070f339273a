"""The page where people sign in: one form, no script, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from qa.web.strings import strings_of


@dataclass(frozen=True, slots=True)
class Words:
    """What the form says in one language."""

    sign_in: str
    name: str
    password: str
    wrong: str
    wait: str
    sign_out: str


WORDS = {
    "en": Words(
        "Sign in",
        "Name",
        "Password",
        "Name or password is wrong.",
        "Too many attempts. Try again in {seconds} seconds.",
        "Sign out",
    ),
    "zh-Hans": Words(
        "登录", "用户名", "密码", "用户名或密码错误。", "尝试次数过多，请在 {seconds} 秒后再试。", "退出登录"
    ),
    "zh-Hant": Words(
        "登入",
        "使用者名稱",
        "密碼",
        "使用者名稱或密碼錯誤。",
        "嘗試次數過多，請在 {seconds} 秒後再試。",
        "登出",
    ),
    "ja": Words(
        "サインイン",
        "名前",
        "パスワード",
        "名前またはパスワードが違います。",
        "試行回数が多すぎます。{seconds} 秒後にもう一度お試しください。",
        "サインアウト",
    ),
    "ko": Words(
        "로그인",
        "이름",
        "비밀번호",
        "이름 또는 비밀번호가 틀렸습니다.",
        "시도 횟수가 너무 많습니다. {seconds}초 뒤에 다시 시도하세요.",
        "로그아웃",
    ),
    "es": Words(
        "Iniciar sesión",
        "Nombre",
        "Contraseña",
        "El nombre o la contraseña no es correcto.",
        "Demasiados intentos. Inténtelo de nuevo en {seconds} segundos.",
        "Cerrar sesión",
    ),
    "fr": Words(
        "Se connecter",
        "Nom",
        "Mot de passe",
        "Le nom ou le mot de passe est incorrect.",
        "Trop de tentatives. Réessayez dans {seconds} secondes.",
        "Se déconnecter",
    ),
    "de": Words(
        "Anmelden",
        "Name",
        "Passwort",
        "Name oder Passwort ist falsch.",
        "Zu viele Versuche. Versuchen Sie es in {seconds} Sekunden noch einmal.",
        "Abmelden",
    ),
    "ru": Words(
        "Войти",
        "Имя",
        "Пароль",
        "Неверное имя или пароль.",
        "Слишком много попыток. Попробуйте снова через {seconds} с.",
        "Выйти",
    ),
    "ar": Words(
        "تسجيل الدخول",
        "الاسم",
        "كلمة المرور",
        "الاسم أو كلمة المرور غير صحيحة.",
        "محاولات كثيرة جدًا. حاول مرة أخرى بعد {seconds} ثانية.",
        "تسجيل الخروج",
    ),
}
"""By ``Strings.lang``."""

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center;
  font: 16px/1.5 system-ui, "Noto Sans", sans-serif;
  background: light-dark(#f7f5f2, #191715); color: light-dark(#211e1a, #efebe5); }
main { width: min(20rem, calc(100vw - 2rem)); }
h1 { font: 600 1.6rem/1.3 Georgia, "Noto Serif", serif; }
label { display: block; margin-block: .8rem; }
input { box-sizing: border-box; width: 100%; padding: .5rem .7rem; font: inherit; border-radius: 8px;
  border: 1px solid light-dark(#8c8479, #8c8479); background: light-dark(#fff, #23201d); color: inherit; }
button { margin-top: .6rem; padding: .5rem 1.2rem; font: inherit; border: 0; border-radius: 8px; cursor: pointer;
  background: light-dark(#0b6b62, #4fd1c1); color: light-dark(#fff, #06211e); }
:focus-visible { outline: 3px solid light-dark(#0b6b62, #4fd1c1); outline-offset: 2px; }
.wrong { color: light-dark(#ab2218, #ff9d92); }
"""


def render_sign_in(headers: Mapping[str, str], *, back: str, failed: bool = False, wait: str = "") -> str:
    """Return the page for a request with these headers; ``back`` is where its reader wanted to go."""
    strings = strings_of(headers)
    words = WORDS[strings.lang]
    trouble = words.wait.format(seconds=wait) if wait else words.wrong if failed else ""
    alert = f'<p class="wrong" role="alert">{escape(trouble)}</p>' if trouble else ""
    return (
        f'<!DOCTYPE html><html lang="{strings.lang}" dir="{strings.direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(strings.title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(strings.title)}</h1>{alert}"
        f'<form method="post" action="/login"><input type="hidden" name="back" value="{escape(back)}">'
        f'<label>{escape(words.name)}<input name="name" autocomplete="username" required autofocus dir="auto"></label>'
        f"<label>{escape(words.password)}"
        '<input name="password" type="password" autocomplete="current-password" required></label>'
        f'<button type="submit">{escape(words.sign_in)}</button></form></main></body></html>'
    )


def render_moment(here: str) -> str:
    """Return a page that goes on to the same address at once, as a step of this site's own."""
    address = escape(here)
    return (
        f'<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={address}">'
        f'<a href="{address}">…</a>'
    )
