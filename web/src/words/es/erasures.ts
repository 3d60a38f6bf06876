// What is said of being erased, in Spanish.
import type { erasures as english } from '../en/erasures'

export const erasures: typeof english = {
  own: {
    title: 'Borrarse',
    hint: 'Puede pedir que lo que se guarda de usted desaparezca para siempre. Una persona del operador decide en 30 días.',
    ask: 'Pedir que me borren',
    again: 'Pedirlo de nuevo',
    consequences: {
      technicians: [
        'Una vez concedido, no se le ofrece trabajo nuevo. Lo que ya es suyo se hace y se paga antes.',
        'Después se cierran todas sus sesiones y no puede volver a entrar.',
        'Desaparecen su nombre, direcciones, comprobantes, posiciones, mensajes y archivos. Lo que pide la ley fiscal queda bajo llave hasta que acabe su plazo.',
        'Que el trabajo se hizo, y lo que se pagó por él, queda sin su nombre.',
      ],
      staff: [
        'Cuando se haga, se cierran todas sus sesiones y no puede volver a entrar.',
        'Desaparecen su nombre, dirección, teléfono y mensajes.',
        'Lo que decidió, aprobó y anotó para un cliente queda con ese trabajo, sin su nombre.',
        'Lo que espera por usted tiene que pasar antes a otra persona; se enumera cuando lo haya pedido.',
      ],
    },
    forGood: 'Hasta que empiece puede retirarlo. Después nadie puede deshacerlo.',
    withdraw: 'Retirarlo',
    withdrawHint: 'No se borra nada y todo queda como está.',
    pausedHint:
      'No se borra nada. Está en pausa desde que se concedió: después diga aquí que quiere recibir ofertas otra vez.',
    rests: 'Está en pausa: no se le ofrece trabajo nuevo.',
    resume: 'Recibir ofertas otra vez',
    resumed: 'Se le ofrece trabajo nuevo otra vez.',
    begun: 'Ya empezó: pronto se cerrará su sesión.',
    decideBy: (day) => `Se decide hasta ${day}`,
    asked: (day) => `Pedido el ${day}`,
  },
  states: {
    asked: 'Espera la decisión de una persona',
    granted: 'Concedido',
    refused: 'Rechazado',
    withdrawn: 'Retirado',
    done: 'Hecho',
  },
  free: 'Nada lo impide.',
  waits: 'Lo que lo impide ahora',
  until: (day) => `hasta ${day} según está`,
  many: (words, num) => `${words} (${num})`,
  obstacles: {
    live_work: 'Trabajo aceptado que no ha terminado',
    unpaid_money: 'Trabajo que aún no se ha pagado',
    money_on_its_way: 'Un pago en camino al banco',
    account_not_even: 'Una cuenta que no está en cero: aún se debe algo',
    open_dispute: 'Una disputa sin decidir',
    open_removal: 'Una baja por una verificación que está en curso',
    legal_hold: 'Una retención legal: nada se puede borrar antes de que acabe',
    last_admin: 'El último administrador del cliente: nombre antes a otro',
    last_operator: 'El último operador: nombre antes a otro',
    named_in_ladder: 'Figura en los pasos que sube una alarma: nombre antes a otra persona',
    duty_to_come: 'Guardias en los próximos días: páselas antes a otra persona',
    alarm_taken_on: 'Una alarma que tomó y no ha terminado: pásela antes a otra persona',
    no_data_keys: 'Esta instalación no tiene claves de datos: quien la lleva tiene que ponerlas antes',
  },
  reasons: {
    not_them: 'Nadie puede comprobar que sea esa persona quien lo pide',
    law_keeps_it: 'Una ley obliga a guardarlo',
    claim_open: 'Hace falta para una reclamación',
    other: 'Otra razón',
  },
  operator: {
    title: 'Borrados',
    hint: 'Quién pide que se le borre, hasta cuándo se decide y qué lo detiene.',
    filter: 'Cuáles',
    filters: { asked: 'Por decidir', granted: 'Concedidos', refused: 'Rechazados', done: 'Hechos' },
    empty: {
      asked: 'Nadie espera una decisión',
      granted: 'No hay nada concedido que espere',
      refused: 'No se rechazó nada',
      done: 'No se borró a nadie',
    },
    emptyHint: {
      asked:
        'Los técnicos lo piden en su teléfono, el personal en la página de su cuenta. Cada uno se decide en 30 días.',
      granted: 'Lo concedido se hace solo, cuando nada lo impide.',
      refused: 'Quien recibe un rechazo lee por qué y puede pedirlo de nuevo.',
      done: 'De quienes se fueron solo queda el número de su cuenta.',
    },
    erased: 'Borrado',
    technician: 'técnico',
    askedAt: 'pedido',
    doneAt: 'hecho',
    again: 'se mira de nuevo',
    yours: 'Es usted: tiene que decidir otro operador.',
    grant: 'Conceder',
    refuse: 'Rechazar',
    of: (wish, name) => `${wish}: ${name}`,
    grantHint: {
      technician:
        'Desde ahora no se le ofrece trabajo nuevo. Cuando nada lo impida se cierran sus sesiones, y su nombre, comprobantes, archivos y mensajes desaparecen para siempre. Nadie puede deshacerlo.',
      staff:
        'Cuando nada lo impida se cierran sus sesiones, y su nombre, dirección y mensajes desaparecen para siempre. Lo que decidió queda. Nadie puede deshacerlo.',
    },
    refuseHint: 'Lee la razón y puede pedirlo de nuevo.',
    why: 'Por qué se rechaza',
  },
}
