// What may be asked of the API, as types: made from its own description, so that a face cannot ask for what is not there.
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTS, { astToString } from 'openapi-typescript'

const description = JSON.parse(readFileSync('generated/openapi.json', 'utf8'))

// Problems are of one shape everywhere, and examples are for people: without both the types are a tenth as long.
for (const operations of Object.values(description.paths)) {
  for (const operation of Object.values(operations)) {
    for (const status of Object.keys(operation.responses)) if (status >= '300') delete operation.responses[status]
    for (const answer of Object.values(operation.responses)) delete answer.headers
  }
}
const drop = (node) => {
  if (typeof node !== 'object' || node === null) return
  for (const name of ['example', 'examples', 'description', 'summary', 'title']) {
    if (typeof node[name] === 'string' || name.startsWith('example')) delete node[name]
  }
  Object.values(node).forEach(drop)
}
drop(description)

const types = await openapiTS(description, { exportType: true, enum: false })
writeFileSync('generated/api.d.ts', astToString(types))
