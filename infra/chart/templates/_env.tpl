{{- define "steppe.storeEnv" -}}
- { name: AWS_REGION, value: {{ default (ternary "local" "" .Values.dynamodb.local.enabled) .Values.dynamodb.region | quote }} }
- { name: SESSIONS_TABLE, value: {{ .Values.dynamodb.table | quote }} }
{{- if .Values.dynamodb.local.enabled }}
- { name: DYNAMODB_ENDPOINT, value: {{ printf "http://%s.%s.svc:8000" (include "steppe.localStore" .) .Release.Namespace | quote }} }
# The local store checks no signature; the SDK signs with these.
- { name: AWS_ACCESS_KEY_ID, value: local }
- { name: AWS_SECRET_ACCESS_KEY, value: local }
{{- else if .Values.dynamodb.endpoint }}
- { name: DYNAMODB_ENDPOINT, value: {{ .Values.dynamodb.endpoint | quote }} }
{{- end }}
{{- end -}}

{{- define "steppe.storeEnvFrom" -}}
{{- with .Values.dynamodb.credentialsSecret }}
- secretRef: { name: {{ . | quote }} }
{{- end }}
{{- end -}}

{{- /* {root, plane} */ -}}
{{- define "steppe.planeEnvFrom" -}}
{{- if or .root.Values.dynamodb.credentialsSecret .plane.envFrom -}}
envFrom:
  {{- include "steppe.storeEnvFrom" .root | nindent 2 }}
  {{- with .plane.envFrom }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "steppe.authEnv" -}}
{{- $auth := .Values.auth -}}
- { name: AUTH_MODE, value: {{ $auth.mode | quote }} }
{{- if eq $auth.mode "bypass" }}
- { name: AUTH_BYPASS_TENANT, value: {{ $auth.bypass.tenant | quote }} }
- { name: AUTH_BYPASS_HOSTS, value: {{ include "steppe.bypassHosts" . | quote }} }
{{- else if $auth.devIssuer.enabled }}
- { name: JWT_ISSUER, value: {{ include "steppe.devIssuer" . | quote }} }
- { name: JWT_AUDIENCE, value: steppe }
- { name: JWKS_FILE, value: /etc/steppe/issuer/jwks.json }
{{- else }}
- { name: JWT_ISSUER, value: {{ join "," $auth.issuers | quote }} }
- { name: JWT_AUDIENCE, value: {{ join "," $auth.audiences | quote }} }
{{- if $auth.jwksUrl }}
- { name: JWKS_URL, value: {{ $auth.jwksUrl | quote }} }
{{- else }}
- { name: JWKS_FILE, value: /etc/steppe/issuer/jwks.json }
{{- end }}
{{- end }}
{{- range $name, $value := $auth.variables }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end -}}

{{- define "steppe.bypassHosts" -}}
{{- $hosts := .Values.auth.bypass.hosts -}}
{{- $namespace := .Release.Namespace -}}
{{- range list (include "steppe.dataPlane" .) (include "steppe.controlPlane" .) -}}
{{- $hosts = concat $hosts (list . (printf "%s.%s" . $namespace) (printf "%s.%s.svc" . $namespace) (printf "%s.%s.svc.cluster.local" . $namespace)) -}}
{{- end -}}
{{- join "," $hosts -}}
{{- end -}}

{{- /* The ConfigMap with the issuer's keys, if they are read from a file. */ -}}
{{- define "steppe.issuerConfigMap" -}}
{{- if eq .Values.auth.mode "jwt" -}}
{{- if .Values.auth.devIssuer.enabled -}}{{ include "steppe.devIssuer" . }}
{{- else -}}{{ .Values.auth.jwksConfigMap }}{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Volumes of a plane: {root, secret}. */ -}}
{{- define "steppe.planeVolumes" -}}
- name: key
  secret: { secretName: {{ .secret | quote }}, defaultMode: 0440 }
{{- with include "steppe.issuerConfigMap" .root }}
- name: issuer
  configMap: { name: {{ . | quote }} }
{{- end }}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- end -}}

{{- define "steppe.planeMounts" -}}
- { name: key, mountPath: /etc/steppe/key, readOnly: true }
{{- if include "steppe.issuerConfigMap" . }}
- { name: issuer, mountPath: /etc/steppe/issuer, readOnly: true }
{{- end }}
- { name: tmp, mountPath: /tmp }
{{- end -}}

{{- /* What an operator adds to a plane. */ -}}
{{- define "steppe.ownEnv" -}}
{{- range $name, $value := .env }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- with .extraEnv }}{{ toYaml . | nindent 0 }}{{ end }}
{{- end -}}
