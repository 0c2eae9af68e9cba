{{- /* What every pod in the namespace of the planes has: no privilege, and nothing to write to. */ -}}
{{- define "steppe.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "steppe.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{- /* Where the pods of a plane run: {root, component, plane} with plane the plane's values. */ -}}
{{- define "steppe.scheduling" -}}
{{- with .plane.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .plane.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .plane.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .plane.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
topologySpreadConstraints:
  {{- if .plane.topologySpreadConstraints }}
  {{- toYaml .plane.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  {{- $labels := include "steppe.selector" . }}
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{ $labels | nindent 8 }}
  {{- end }}
  {{- end }}
{{- end -}}

{{- /* Restarts the pods of a plane when its configuration changes: {root, component, plane, config}. */ -}}
{{- define "steppe.planeMetadata" -}}
labels:
  {{- include "steppe.labels" . | nindent 2 }}
  {{- with .plane.podLabels }}{{ toYaml . | nindent 2 }}{{ end }}
annotations:
  checksum/config: {{ .config | sha256sum }}
  {{- with .plane.podAnnotations }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end -}}

{{- /* Endpoints forget a pod only after it began to end: it serves until they have. */ -}}
{{- define "steppe.preStopSeconds" -}}5{{- end -}}

{{- define "steppe.planeProbes" -}}
startupProbe:
  httpGet: { path: /readyz, port: operator }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: operator }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: operator }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
lifecycle:
  preStop: { sleep: { seconds: {{ include "steppe.preStopSeconds" . }} } }
{{- end -}}
