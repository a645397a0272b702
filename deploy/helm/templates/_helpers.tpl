{{/* The name before every name. */}}
{{- define "cuesmith.name" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* What selects one process's pods: (list $ "gateway"). */}}
{{- define "cuesmith.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: cuesmith
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* All labels of one process: (list $ "gateway"). */}}
{{- define "cuesmith.labels" -}}
{{- $root := index . 0 -}}
{{ include "cuesmith.selector" . }}
app.kubernetes.io/version: {{ $root.Values.image.tag | default $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end }}

{{/* The image of one target of the Dockerfile: (list $ "gateway"). */}}
{{- define "cuesmith.image" -}}
{{- $root := index . 0 -}}
image: {{ printf "%s/%s:%s" $root.Values.image.registry (index . 1) ($root.Values.image.tag | default $root.Chart.AppVersion) }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
{{- end }}

{{/* The name of one process's secret: (list $ "gateway"). */}}
{{- define "cuesmith.secret" -}}
{{- $root := index . 0 -}}
{{- index $root.Values.secrets (index . 1) | default (printf "%s-%s" (include "cuesmith.name" $root) (index . 1)) -}}
{{- end }}

{{/* One variable from a process's secret: (list $ "gateway" "DATABASE_URL"). */}}
{{- define "cuesmith.secretEnv" -}}
- name: {{ index . 2 }}
  valueFrom:
    secretKeyRef:
      name: {{ include "cuesmith.secret" (list (index . 0) (index . 1)) }}
      key: {{ index . 2 }}
{{- end }}

{{/* How a process reaches the store. */}}
{{- define "cuesmith.storeEnv" -}}
- name: CUESMITH_STORE
  value: {{ .Values.store.url | quote }}
{{- with .Values.store.endpoint }}
- name: CUESMITH_STORE_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.store.publicEndpoint }}
- name: CUESMITH_STORE_PUBLIC_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.store.region }}
- name: CUESMITH_STORE_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.store.existingSecret }}
{{- range tuple "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.store.existingSecret }}
      key: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Further settings by name. A million, were it only quoted, would be 1e+06, which no process reads. */}}
{{- define "cuesmith.settings" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ ternary $value (toJson $value) (kindIs "string" $value) | quote }}
{{- end }}
{{- end }}

{{/* Where a process may write: /tmp, and the store where it is a folder. */}}
{{- define "cuesmith.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.store.existingClaim }}
- name: store
  mountPath: {{ .Values.store.url }}
{{- end }}
{{- end }}

{{/* The same as volumes: (list $ "1Gi"), the room in /tmp. */}}
{{- define "cuesmith.volumes" -}}
{{- $root := index . 0 -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ index . 1 }}
{{- with $root.Values.store.existingClaim }}
- name: store
  persistentVolumeClaim:
    claimName: {{ . }}
{{- end }}
{{- end }}

{{/* What every pod is: not root, without a token for the cluster. */}}
{{- define "cuesmith.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "cuesmith.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Pods of one process on different nodes and zones, where there are any: (list $ "gateway"). */}}
{{- define "cuesmith.spread" -}}
topologySpreadConstraints:
  {{- range tuple "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "cuesmith.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{/* Where pods may run, from a process's own values. */}}
{{- define "cuesmith.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "cuesmith.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* One file of the secret of marks, for who needs it: (list $ "marks.pem"). */}}
{{- define "cuesmith.marksVolume" -}}
{{- $root := index . 0 -}}
- name: marks
  secret:
    secretName: {{ $root.Values.marks.existingSecret }}
    defaultMode: 0440
    items:
      - {key: {{ index . 1 }}, path: {{ index . 1 }}}
{{- end }}
