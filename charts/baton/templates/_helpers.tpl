{{- define "baton.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* At most 52 characters, so that names made from it ("-ca", "-workloads") stay valid. */ -}}
{{- define "baton.fullname" -}}
{{- $name := include "baton.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "baton.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "baton.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "baton.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "baton.selectorLabels" -}}
app.kubernetes.io/name: {{ include "baton.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "baton.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "baton.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* The file of process settings: the user's, and those that must agree with this chart's objects. */ -}}
{{- define "baton.config" -}}
{{- $name := include "baton.fullname" . }}
{{- $own := dict
  "metricsAddress" ":8080"
  "probeAddress" ":8081"
  "heartbeatAddress" (ternary ":8443" "" .Values.heartbeats.enabled)
  "leaderElection" true
  "leaseName" $name
  "serviceName" $name
  "tlsSecret" (printf "%s-tls" $name)
  "caConfigMap" (printf "%s-ca" $name)
}}
{{- if and .Values.heartbeats.enabled .Values.heartbeats.existingSecret }}
{{- $own = merge $own (dict "tlsCertFile" "/etc/baton/tls/tls.crt" "tlsKeyFile" "/etc/baton/tls/tls.key" "tlsCaFile" "/etc/baton/tls/ca.crt") }}
{{- end }}
{{- with .Values.history }}
{{- if .enabled }}
{{- $own = merge $own (dict "historyPath" "/var/lib/baton/history.db" "historyRetention" .retention "historyMaxSize" .maxSize) }}
{{- end }}
{{- end }}
{{- toYaml (merge $own .Values.config) }}
{{- end }}
