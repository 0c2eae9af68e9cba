{{- /* Annotations of what a hook needs: {events, weight}. It goes when the hook is done. */ -}}
{{- define "steppe.hook" -}}
helm.sh/hook: {{ .events }}
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{- /* The ServiceAccount of a hook: {root, component, events}. */ -}}
{{- define "steppe.hookAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "steppe.name" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{ include "steppe.labels" . | nindent 4 }}
  annotations: {{ include "steppe.hook" (dict "events" .events "weight" -20) | nindent 4 }}
{{- end -}}

{{- /* A Role of a hook and its binding: {root, component, events, namespace, account, rules}. */ -}}
{{- define "steppe.hookRole" -}}
{{- $name := printf "%s-%s" (include "steppe.name" .root) .component -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $name }}
  namespace: {{ .namespace }}
  labels: {{ include "steppe.labels" . | nindent 4 }}
  annotations: {{ include "steppe.hook" (dict "events" .events "weight" -20) | nindent 4 }}
rules: {{ toYaml .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $name }}
  namespace: {{ .namespace }}
  labels: {{ include "steppe.labels" . | nindent 4 }}
  annotations: {{ include "steppe.hook" (dict "events" .events "weight" -19) | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $name }}
subjects:
  - { kind: ServiceAccount, name: {{ .account }}, namespace: {{ .root.Release.Namespace }} }
{{- end -}}

{{- /* The Job of a hook: {root, component, events, account, program, env}, with env rendered. */ -}}
{{- define "steppe.hookJob" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "steppe.name" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{ include "steppe.labels" . | nindent 4 }}
  annotations:
    {{- include "steppe.hook" (dict "events" .events "weight" 0) | nindent 4 }}
    helm.sh/hook-output-log-policy: hook-succeeded,hook-failed
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 280
  template:
    metadata:
      labels: {{ include "steppe.labels" . | nindent 8 }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ .account }}
      enableServiceLinks: false
      {{- include "steppe.podSecurity" .root | nindent 6 }}
      {{- include "steppe.pullSecrets" .root | nindent 6 }}
      {{- with .root.Values.controlPlane.nodeSelector }}
      nodeSelector: {{ toYaml . | nindent 8 }}
      {{- end }}
      {{- with .root.Values.controlPlane.tolerations }}
      tolerations: {{ toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "steppe.image" (dict "root" .root "image" "controlPlane") }}
          imagePullPolicy: {{ .root.Values.images.pullPolicy }}
          command: [node, {{ printf "/opt/steppe/%s.mjs" .program }}]
          {{- include "steppe.containerSecurity" .root | nindent 10 }}
          env:
            # Their output is for the person who installs.
            - { name: NODE_NO_WARNINGS, value: "1" }
            {{- .env | nindent 12 }}
          {{- with .envFrom }}
          envFrom: {{ . | nindent 12 }}
          {{- end }}
          resources:
            requests: { cpu: 20m, memory: 64Mi }
            limits: { memory: 256Mi }
{{- end -}}

{{- /* The Secrets and ConfigMaps that hooks make in the namespace of the planes, as {secrets, configMaps}. */ -}}
{{- define "steppe.madeByHooks" -}}
{{- $secrets := list -}}
{{- $configMaps := list -}}
{{- if not .Values.keys.controlPlane.existingSecret -}}
{{- $secrets = list (include "steppe.controlPlaneSecret" .) (include "steppe.dataPlaneSecret" .) -}}
{{- end -}}
{{- if .Values.auth.devIssuer.enabled -}}
{{- $secrets = append $secrets (include "steppe.devIssuer" .) -}}
{{- $configMaps = list (include "steppe.devIssuer" .) -}}
{{- end -}}
{{- toJson (dict "secrets" $secrets "configMaps" $configMaps) -}}
{{- end -}}
