// Lo que dice la mesa de servicio, en español.
import type { desk as english } from '../en/desk'

export const desk: typeof english = {
  face: 'Mesa de servicio',
  jobs: 'Órdenes de trabajo',
  empty: 'Aún no hay órdenes de trabajo',
  emptyHint: 'Aquí aparece lo que publique su departamento: quién lo tiene, si va a tiempo y cuándo está hecho.',
  columns: { number: 'Número', title: 'Trabajo', town: 'Dónde', state: 'Estado' },
  atRisk: 'Necesita a alguien',
  states: {
    draft: 'Borrador',
    open: 'Preguntando',
    assigned: 'Asignado',
    in_progress: 'En el lugar',
    done: 'Hecho',
    approved: 'Aprobado',
    paid: 'Pagado',
    on_hold: 'En pausa',
    unfilled: 'Nadie lo tomó',
    sent_back: 'Devuelto',
    cancelled: 'Cancelado',
    disputed: 'En disputa',
  },
}
