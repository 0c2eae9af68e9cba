{{- define "steppe.name" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "steppe.controlPlane" -}}{{ include "steppe.name" . }}-control-plane{{- end -}}
{{- define "steppe.dataPlane" -}}{{ include "steppe.name" . }}-data-plane{{- end -}}
{{- define "steppe.localStore" -}}{{ include "steppe.name" . }}-local-store{{- end -}}
{{- define "steppe.devIssuer" -}}{{ include "steppe.name" . }}-dev-issuer{{- end -}}

{{- define "steppe.sessionsNamespace" -}}
{{- default (printf "%s-sessions" .Release.Namespace) .Values.sessions.namespace.name -}}
{{- end -}}

{{- /* Names of objects without a namespace must differ between releases. */ -}}
{{- define "steppe.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "steppe.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "steppe.controlPlaneSecret" -}}
{{- default (printf "%s-key" (include "steppe.controlPlane" .)) .Values.keys.controlPlane.existingSecret -}}
{{- end -}}
{{- define "steppe.dataPlaneSecret" -}}
{{- default (printf "%s-key" (include "steppe.dataPlane" .)) .Values.keys.dataPlane.existingSecret -}}
{{- end -}}
{{- define "steppe.publicKeys" -}}
{{- default (printf "%s-public-keys" (include "steppe.name" .)) .Values.keys.public.existingConfigMap -}}
{{- end -}}

{{- define "steppe.selector" -}}
app.kubernetes.io/name: steppe
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "steppe.labels" -}}
{{ include "steppe.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: steppe
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* The reference of an image: {root, image}, where image is a key of images.names. */ -}}
{{- define "steppe.image" -}}
{{- $images := .root.Values.images -}}
{{- $whole := get $images.references .image -}}
{{- if $whole -}}
{{- $whole -}}
{{- else -}}
{{- $name := get $images.names .image -}}
{{- $path := ternary (printf "%s/%s" (trimSuffix "/" $images.registry) $name) $name (ne $images.registry "") -}}
{{- printf "%s:%s" $path (default .root.Chart.AppVersion $images.tag) -}}
{{- end -}}
{{- end -}}

{{- define "steppe.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}
