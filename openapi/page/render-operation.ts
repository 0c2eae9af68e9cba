import type {
  Document,
  Example,
  MediaType,
  Operation,
  Parameter,
  Reference,
  Response,
} from '../document.ts';
import { escapeHtml, renderTable, renderText, renderValue, renderWords } from './html.ts';
import { renderNotes, renderType } from './render-schema.ts';

/** Renders one call, with all its inputs and outputs. */
export function renderOperation(
  document: Document,
  method: string,
  path: string,
  operation: Operation,
): string {
  const { operationId, summary, description, security, parameters, requestBody, responses } =
    operation;
  const scopes = security
    .flatMap(({ bearer = [] }) => bearer)
    .map((scope) => `<code>${scope}</code>`);
  return `<section id="${operationId}">
<h3>${escapeHtml(summary)}</h3>
<p class="call"><b class="${method}">${method.toUpperCase()}</b> <code>${escapeHtml(path)}</code> <span>scope ${scopes.join(', ')}</span></p>
${renderText(description)}
${operation['x-codeSamples'].map(({ source }) => renderValue(source)).join('')}
${renderTable(['parameter', 'in', 'type', ''], parameters.map(parameterRow))}
${requestBody ? `<h4>Body${requestBody.required ? '' : ', which may be absent'}</h4>${renderContent(document, requestBody.content)}` : ''}
<h4>Responses</h4>
${Object.entries(responses)
  .map(([status, response]) => renderResponse(document, status, response))
  .join('\n')}
</section>`;
}

const parameterRow = ({
  name,
  in: where,
  required,
  description = '',
  schema,
  style,
}: Parameter): string[] => [
  `<code>${style ? `${name}.<i>key</i>` : name}</code>${required ? '' : ' <i>optional</i>'}`,
  where,
  style ? 'string' : renderType(schema),
  renderNotes({ ...schema, description }),
];

function renderResponse(document: Document, status: string, given: Response | Reference): string {
  const {
    description,
    headers = {},
    content,
  } = '$ref' in given
    ? (document.components.responses[nameOf(given)] ?? { description: '' })
    : given;
  const names = Object.keys(headers).filter((name) => name !== 'X-Request-Id');
  const told =
    names.length > 0
      ? `<p class="headers">with ${names.map((name) => `<code>${name}</code>`).join(', ')}</p>`
      : '';
  const codes = [...description.matchAll(/^`(\w+)`:/gm)].map(([, code]) => `<code>${code}</code>`);
  const [title, body] =
    codes.length > 1 ? [codes.join(', '), renderText(description)] : [renderWords(description), ''];
  return `<details class="s${status[0]}"${status.startsWith('2') ? ' open' : ''}><summary><b>${status}</b> ${title}</summary>
${body}${told}${content ? renderContent(document, content) : ''}</details>`;
}

const renderContent = (document: Document, content: Record<string, MediaType>): string =>
  Object.entries(content)
    .map(([type, { schema, 'x-item-schema': item, examples = {} }]) => {
      const isError = 'allOf' in schema;
      const what = isError
        ? '<a href="#schema-Error">Error</a>'
        : item
          ? `a stream of ${renderType(item)}`
          : renderType(schema);
      const shown = Object.entries(examples).map(([name, example]) =>
        renderExample(document, name, example),
      );
      return `<p class="type"><code>${type}</code> ${what}</p>${shown.join('')}`;
    })
    .join('');

function renderExample(document: Document, name: string, given: Example | Reference): string {
  const { summary, value } =
    '$ref' in given ? (document.components.examples[nameOf(given)] ?? { value: undefined }) : given;
  return `<details class="example"><summary>example: ${renderWords(summary ?? name)}</summary>${renderValue(value)}</details>`;
}

const nameOf = ({ $ref }: Reference): string => $ref.slice($ref.lastIndexOf('/') + 1);
