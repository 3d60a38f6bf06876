// Lo que dice el tablero del trabajo elegido, en español.
import type { drawer as english } from '../en/drawer'

export const drawer: typeof english = {
  somebody: 'Un técnico',
  answers: {
    title: 'Espera su respuesta',
    answer: 'Responder',
    by: 'responder antes de',
    asks: {
      more_time: (time: string) => `necesita ${time} más`,
      part: (item: string) => `necesita una pieza: ${item}`,
      second_person: () => 'necesita a otra persona',
      different_skill: (skill: string) => `necesita a alguien que sepa de ${skill}`,
    } as Record<string, (what: string) => string>,
    minutes: 'Minutos más',
    money: (currency: string) => `Se suma al pago, ${currency}`,
    quantity: 'Cuántas',
    expected: 'Llega a las',
    grants: {
      more_time: (minutes: number) => `Conceder ${minutes} min más`,
      part: () => 'Pedir la pieza',
      second_person: () => 'Buscar a alguien que ayude',
      different_skill: () => 'Buscar a alguien con esa habilidad',
    } as Record<string, (minutes: number) => string>,
    later: 'Llega con una visita posterior',
    grantLater: 'Sí, con una visita posterior',
    whyNo: 'Por qué no',
    refuse: 'Decir que no',
    siteWhys: {
      not_needed: 'El trabajo se puede hacer sin ello',
      other_visit: 'Hay otra visita prevista para ello',
      too_dear: 'Cuesta demasiado',
      other: 'Otra razón',
    } as Record<string, string>,
    unanswered: 'Nadie respondió a tiempo: puede parar y se le paga lo acordado. Escríbale.',
    proposes: 'propone',
    proposesElse: 'propone otras condiciones',
    instead: 'en lugar de',
    payWanted: (sum: string) => `pide ${sum}`,
    lasts: (time: string) => `dura ${time}`,
    accept: 'De acuerdo: obliga a ambos',
    changeWhys: {
      site_closed: 'El lugar está cerrado entonces',
      too_late: 'Demasiado tarde',
      too_dear: 'Cuesta demasiado',
      other: 'Otra razón',
    } as Record<string, string>,
    ours: (who: string) => `${who} no ha respondido todavía:`,
    takeBack: 'Retirarlo',
  },
  failed: {
    rules: (rules: string) => `Una regla dice que no: ${rules}.`,
    free: (minutes: string) => `Chocaría con su siguiente trabajo: quedan libres ${minutes} min como máximo.`,
    too_long: 'Una visita dura como máximo 14 días: termine esta y planifique otra.',
    budget: 'El presupuesto no alcanza para ello.',
  },
}
