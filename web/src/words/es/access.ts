// Lo que se dice de la propia entrada, en español.
import type { access as english } from '../en/access'
import { common } from './common'

const { many } = common

export const access: typeof english = {
  title: 'Su cuenta',
  hint: 'Cómo entra usted, y dónde tiene la sesión abierta ahora.',
  password: {
    title: 'Contraseña',
    has: 'Tiene una para este correo. Un enlace por correo también le deja entrar.',
    none: 'No tiene: entra con un enlace por correo. Con una propia no tiene que esperarlo.',
    set: 'Poner una contraseña',
    change: 'Cambiarla',
    remove: 'Quitarla',
    current: 'La contraseña que tiene',
    fresh: 'Contraseña nueva',
    length: 'Al menos 12 caracteres; unas cuantas palabras se recuerdan bien.',
    late: 'Para poner una, salga, pida un enlace por correo y vuelva aquí dentro de un cuarto de hora.',
    forgotten: '¿La olvidó? Salga, pida un enlace por correo y vuelva aquí dentro de un cuarto de hora.',
    ends: 'En todos los demás aparatos con este correo se cierra la sesión.',
    done: 'La contraseña nueva vale desde ahora.',
    removed: 'La contraseña ya no existe. Entra con un enlace por correo.',
    wrong: 'Esta no es la contraseña que tiene.',
    weak: 'Tome de 12 a 200 caracteres más difíciles de adivinar, y no su correo.',
  },
  sessions: {
    title: 'Dónde tiene la sesión abierta',
    hint: 'Cierre la que no conozca y luego cambie su contraseña.',
    methods: { link: 'con un enlace', password: 'con contraseña', oidc: 'con su proveedor de entrada' },
    on: (browser, system) => `${browser} en ${system}`,
    unknown: 'Algún aparato',
    here: 'Este aparato',
    since: 'Entró',
    seen: 'último uso',
    ends: 'Termina sola',
    end: 'Salir allí',
    endOf: (device) => `Salir allí: ${device}`,
    others: 'Salir en todos los demás',
    only: 'No tiene la sesión abierta en ningún otro lugar.',
  },
  others: {
    title: 'Seguir como otra persona',
    hint: 'Su correo es también el de:',
    waits: (num) =>
      `${many(num, 'cosa que dijo espera', 'cosas que dijo esperan')} en este teléfono hasta que vuelva a ser usted aquí.`,
  },
  data: {
    title: 'Lo que se guarda de usted',
    hint: 'Un archivo con todo lo que se guarda de usted, para llevárselo. Lo que es del cliente o de otra persona no está dentro; el archivo dice qué y por qué.',
    act: 'Descargar sus datos',
  },
}
