{{- /* The built-in runtimes with their images, and what the values change or add, as one map. */ -}}
{{- define "steppe.runtimes" -}}
{{- $root := . -}}
{{- $runtimes := dict -}}
{{- range $name, $image := dict "python" "python" "node" "node" "python-data" "pythonData" -}}
{{- $_ := set $runtimes $name (dict "image" (include "steppe.image" (dict "root" $root "image" $image))) -}}
{{- end -}}
{{- range $name, $changes := .Values.runtimes -}}
{{- if eq (toString (get $changes "enabled")) "false" -}}
{{- $_ := set $runtimes $name nil -}}
{{- else -}}
{{- $image := ternary "node" "python" (eq (toString (get $changes "language")) "node") -}}
{{- $inherited := default (dict "image" (include "steppe.image" (dict "root" $root "image" $image))) (get $runtimes $name) -}}
{{- $_ := set $runtimes $name (merge (omit $changes "enabled") $inherited) -}}
{{- end -}}
{{- end -}}
{{- toJson $runtimes -}}
{{- end -}}

{{- /*
The repositories of the images that pods of sessions may have, as a JSON list. Without their tags:
during an upgrade and a rollback, control-planes of two versions create pods.
*/ -}}
{{- define "steppe.sessionRepositories" -}}
{{- $images := list (include "steppe.image" (dict "root" . "image" "sessionAgent")) -}}
{{- range $runtime := include "steppe.runtimes" . | fromJson -}}
{{- with $runtime }}{{ $images = append $images .image }}{{ end -}}
{{- end -}}
{{- $repositories := .Values.sessions.allowedImages -}}
{{- range $images }}{{ $repositories = append $repositories (regexReplaceAll "(:[^:/@]+)?(@.+)?$" . "") }}{{ end -}}
{{- $repositories | uniq | sortAlpha | toJson -}}
{{- end -}}

{{- /* The resolvers of sessions; an empty list where they have no egress. */ -}}
{{- define "steppe.nameservers" -}}
{{- $nameservers := list -}}
{{- if ne .Values.sessions.egress.mode "closed" -}}
{{- $nameservers = .Values.sessions.dns.nameservers -}}
{{- if not $nameservers -}}
{{- $service := lookup "v1" "Service" "kube-system" "kube-dns" -}}
{{- if not $service -}}
{{- fail "sessions.dns.nameservers: the service kube-system/kube-dns cannot be read; name the resolvers of the sessions" -}}
{{- end -}}
{{- $nameservers = list $service.spec.clusterIP -}}
{{- end -}}
{{- end -}}
{{- toJson $nameservers -}}
{{- end -}}

{{- /* The file POD_SETTINGS of the control-plane. */ -}}
{{- define "steppe.podSettings" -}}
{{- $sessions := .Values.sessions -}}
agent: {{ toYaml $sessions.agent | nindent 2 }}
runtime_requests: {{ toYaml $sessions.runtimeRequests | nindent 2 }}
image_pull_policy: {{ .Values.images.pullPolicy }}
{{- with .Values.images.pullSecrets }}
image_pull_secrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $sessions.podLabels }}
labels: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $sessions.podAnnotations }}
annotations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $sessions.nodeSelector }}
node_selector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $sessions.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $sessions.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $sessions.runtimeClassName }}
runtime_class: {{ . }}
{{- end }}
{{- with $sessions.seccompProfile }}
seccomp_profile: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $sessions.priorityClassName }}
priority_class: {{ . }}
{{- end }}
{{- with include "steppe.nameservers" . | fromJsonArray }}
dns:
  nameservers: {{ toYaml . | nindent 4 }}
{{- end }}
{{- end -}}
